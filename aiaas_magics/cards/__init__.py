"""How a record looks: pure functions from records to text, HTML and Vega-Lite."""
