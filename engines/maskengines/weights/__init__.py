"""Networks that others trained: found here or on the hub, checked, and read without their code."""
