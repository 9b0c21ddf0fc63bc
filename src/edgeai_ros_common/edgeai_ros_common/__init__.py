"""What every node of the graph shares; the only place that knows rclpy's details."""
