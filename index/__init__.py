"""Passages become a searchable index: the catalog is the truth, Chroma follows. This floor imports only corpus."""

import os

# Else onnxruntime, on which the models run, makes up an id for the machine, keeps a log in the user's cache folder and sends it to its makers. It looks
# once, when it is loaded, which nothing does before this floor.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
