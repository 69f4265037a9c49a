"""The report on a calibration: estimators held against exact values."""
