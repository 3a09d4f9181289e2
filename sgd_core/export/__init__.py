"""What a learner takes home: code that prints the numbers on the screen."""
