"""Pictures as SVG strings: functions of plain data that return a `Figure`."""
