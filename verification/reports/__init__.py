"""Reports of a run: data, JUnit, a text worth sending to the paper's authors, and a table on the terminal."""
