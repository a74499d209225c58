"""What is in the sample workspace; made by make_sample.py."""
