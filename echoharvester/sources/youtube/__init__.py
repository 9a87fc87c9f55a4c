"""Videos of sites that yt-dlp knows, YouTube above all, used as a library."""
