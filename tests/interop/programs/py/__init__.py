"""Programs on the Python libraries of other projects: pygearman and gear."""
