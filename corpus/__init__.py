"""Files become documents, documents become passages. This floor imports nobody in the house."""
