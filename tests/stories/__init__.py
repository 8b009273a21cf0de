"""Stories with their right numbers: an agreement, the facts, and what the command line has to say of them."""
