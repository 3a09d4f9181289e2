"""What large learning rates really do, beyond the rule 2/lambda: catapults, the edge of stability, silver steps."""
