"""The published experiments as runnable studies: data, training, tables."""
