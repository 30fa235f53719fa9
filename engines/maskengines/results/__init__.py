"""What answers that are no pictures hold: maps and tables, as every view and every file reads them."""
