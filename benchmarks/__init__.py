"""What chatmgr costs, as ratios against something everybody can judge, measured side by side in one run."""
