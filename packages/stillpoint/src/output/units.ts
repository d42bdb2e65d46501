// Sizes and times as people read them. JSON output has the plain numbers instead.

export { bytesText, countText } from '@stillpoint/core';

/** 0.4 is '0.4 ms', 83 is '83 ms', 1234 is '1.2 s', 95000 is '1 min 35 s'. */
export function millisecondsText(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${ms.toFixed(0)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** 'just now', 'a minute ago', '5 minutes ago', 'an hour ago', '12 days ago'. */
export function agoText(moment: Date, now: Date): string {
  const seconds = Math.round((now.getTime() - moment.getTime()) / 1000);
  if (seconds < -60) return 'in the future';
  if (seconds < 10) return 'just now';
  if (seconds < 60) return `${seconds} seconds ago`;
  if (seconds < 3600) return manyAgo(Math.floor(seconds / 60), 'a minute', 'minutes');
  if (seconds < 48 * 3600) return manyAgo(Math.floor(seconds / 3600), 'an hour', 'hours');
  return `${Math.floor(seconds / 86_400)} days ago`;
}

function manyAgo(count: number, one: string, many: string): string {
  return count === 1 ? `${one} ago` : `${count} ${many} ago`;
}

/** Local time without seconds: '2026-11-21 16:04'. */
export function momentText(moment: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  return `${date} ${two(moment.getHours())}:${two(moment.getMinutes())}`;
}
