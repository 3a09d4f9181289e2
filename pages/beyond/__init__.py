"""The sections of "Beyond the rule", one in each file."""
