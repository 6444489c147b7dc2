"""Models ready to answer: checked rows in, predictions out. What the gate compares is what an endpoint runs."""
