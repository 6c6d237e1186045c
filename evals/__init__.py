"""Question sets become runs, comparisons and reports. This floor imports assistant, index and corpus."""
