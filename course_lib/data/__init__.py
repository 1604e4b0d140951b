"""Video files, clip sampling, synthetic worlds and readers of real data sets."""
