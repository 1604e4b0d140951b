"""What runs inside the sandbox, beside the learner's code. Nothing here is secret, and nothing here is believed."""
