"""A question becomes a cited answer or a refusal. This floor imports index and corpus."""
