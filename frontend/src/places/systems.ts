/**
 * Between WGS-84, in which the platform speaks, and the offset map GCJ-02 whose tiles a city may have. The same formula
 * as hotline/places/rules/coordinates.py, whose figures the test repeats. Degrees, longitude first.
 */
export type Pair = readonly [number, number];

const SEMI_MAJOR = 6378245;
const ECCENTRICITY = 0.006693421622965943;

function inChina(longitude: number, latitude: number): boolean {
  return longitude >= 72.004 && longitude <= 137.8347 && latitude >= 0.8293 && latitude <= 55.8271;
}

export function toGcj02(longitude: number, latitude: number): Pair {
  if (!inChina(longitude, latitude)) return [longitude, latitude];
  const { sin, sqrt, abs, PI, cos } = Math;
  const x = longitude - 105;
  const y = latitude - 35;
  const shared = ((20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2) / 3;
  let north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + shared;
  north += ((20 * sin(y * PI) + 40 * sin((y / 3) * PI)) * 2) / 3;
  north += ((160 * sin((y / 12) * PI) + 320 * sin((y * PI) / 30)) * 2) / 3;
  let east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + shared;
  east += ((20 * sin(x * PI) + 40 * sin((x / 3) * PI)) * 2) / 3;
  east += ((150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * 2) / 3;
  const radians = (latitude / 180) * PI;
  const magic = 1 - ECCENTRICITY * sin(radians) ** 2;
  const root = sqrt(magic);
  return [
    longitude + (east * 180) / ((SEMI_MAJOR / root) * cos(radians) * PI),
    latitude + (north * 180) / (((SEMI_MAJOR * (1 - ECCENTRICITY)) / (magic * root)) * PI),
  ];
}

const MOST = 85.05112878;

/** Web Mercator: the world is 256 units wide. */
export function project(longitude: number, latitude: number): Pair {
  const sine = Math.sin((Math.max(-MOST, Math.min(MOST, latitude)) / 180) * Math.PI);
  return [((longitude + 180) / 360) * 256, (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * 256];
}

export function unproject(x: number, y: number): Pair {
  const turn = Math.PI - (2 * Math.PI * y) / 256;
  return [(x / 256) * 360 - 180, (180 / Math.PI) * Math.atan(Math.sinh(turn))];
}
