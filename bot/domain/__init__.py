"""Pure decisions: no I/O, no clock, no logging; time and facts come in as arguments."""
