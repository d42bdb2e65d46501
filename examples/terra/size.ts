// How finely the planet is divided: rows of latitude, columns of longitude. With these one state has 18 MB.
export const ROWS = 512;
export const COLUMNS = 1024;
