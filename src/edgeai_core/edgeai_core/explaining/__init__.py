"""Which parts of a picture carry a finding: black-box explanations of any model."""
