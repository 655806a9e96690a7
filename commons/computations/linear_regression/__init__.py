"""Linear regression by federated gradient descent on encrypted weights."""
