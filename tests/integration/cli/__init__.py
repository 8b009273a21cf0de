"""The command line, as its users meet it: every command, in JSON and in words, on the happy path and off it."""
