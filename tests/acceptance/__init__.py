"""The acceptance tests of the compliance specification, by number, on both databases."""
