// Longitudes and latitudes as maps write them: 120°W, 30°N, 0°.
import type { Tick } from './number-ticks.ts';

export function longitudeTicks(stepDegrees: number): readonly Tick[] {
  return stepped(-180, 180, stepDegrees, longitudeText);
}

export function latitudeTicks(stepDegrees: number): readonly Tick[] {
  return stepped(-90, 90, stepDegrees, latitudeText);
}

export function longitudeText(degrees: number): string {
  const size = Math.abs(degrees);
  return size === 0 || size === 180 ? `${size}°` : `${size}°${degrees < 0 ? 'W' : 'E'}`;
}

export function latitudeText(degrees: number): string {
  return degrees === 0 ? '0°' : `${Math.abs(degrees)}°${degrees < 0 ? 'S' : 'N'}`;
}

function stepped(
  from: number,
  to: number,
  step: number,
  text: (degrees: number) => string,
): readonly Tick[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, at) => {
    const value = from + at * step;
    return { value, text: text(value) };
  });
}
