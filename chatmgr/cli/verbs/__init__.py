"""One file per verb or noun: parse, call, show."""
