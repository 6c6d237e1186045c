"""Passages become a searchable index: the catalog is the truth, Chroma follows. This floor imports only corpus."""
