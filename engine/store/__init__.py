"""The event store: recorded events, identities, held facts, dead letters, timers."""
