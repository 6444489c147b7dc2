"""What ``%aiaas_tune`` does around an evaluator: which candidates are tried, what is told, what is kept."""
