"""Going downhill: update rules, many descents at once, and a name for what each learning rate does."""
