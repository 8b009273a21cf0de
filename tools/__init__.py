"""Small scripts for working on stilldown. None of them is part of the distribution."""
