"""Bags without rosbag2: record, keep the last seconds, replay."""
