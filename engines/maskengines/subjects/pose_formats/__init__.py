"""Poses in files: OpenPose and COCO keypoints, BVH motion, glTF skeletons."""
