"""People: command line, settings, replay, dossiers. Puts the other rooms together."""
