"""Data for the demo: real incidents, and terms to hold them to. README.md says whose and which."""
