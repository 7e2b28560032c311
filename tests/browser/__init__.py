"""notebookgen in a real JupyterLab, in a real browser, as a person would use it."""
