"""ROS-free core of the edge-AI vision graph: types, models, decisions."""
