"""The pages: the only modules of this floor that import gradio."""
