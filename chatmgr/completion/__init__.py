"""Shell completion: answers to Tab, and its installation for four shells."""
