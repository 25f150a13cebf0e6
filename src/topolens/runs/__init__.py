"""Work in parts that know nothing of each other: made side by side, here or on a cluster, and kept as files."""
