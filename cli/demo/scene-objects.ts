/** What stands on the floor; lengths in metres of the scene, x right of the camera, z away from it. */
interface SceneObject {
  readonly kind: 'sphere' | 'column' | 'chart';
  readonly x: number;
  readonly z: number;
  /** A sphere's or column's radius, half of a chart's width. */
  readonly radius: number;
  readonly height?: number;
  /** Linear light, 0 to 1. */
  readonly color: readonly [number, number, number];
  readonly pattern?: keyof typeof PATTERNS;
  /** Cosine of the turn of its pattern. */
  readonly turn?: number;
}

const KINDS = { sphere: 0, column: 1, chart: 2 } as const;
const PATTERNS = { glossy: 0, checker: 1, marble: 2, mirror: 3, bands: 4 } as const;
/** Floats of one object, as the kernel reads them. */
const FIELDS = 10;

const STONE = [0.72, 0.6, 0.45] as const;

/** Placed by hand: what the eye meets first, from the blurred foreground to the sharp middle. */
const HEROES: readonly SceneObject[] = [
  { kind: 'sphere', x: 0.1, z: 6.5, radius: 0.72, color: [0.62, 0.05, 0.035], pattern: 'checker', turn: 0.86 },
  { kind: 'chart', x: 1.75, z: 6.7, radius: 0.66, height: 1.5, color: [1, 1, 1] },
  { kind: 'sphere', x: -1.62, z: 6.3, radius: 0.5, color: [0.9, 0.85, 0.8], pattern: 'mirror' },
  { kind: 'sphere', x: -0.72, z: 5.1, radius: 0.2, color: [0.75, 0.42, 0.04], pattern: 'bands', turn: 0.6 },
  { kind: 'sphere', x: 1.05, z: 4.75, radius: 0.24, color: [0.03, 0.2, 0.42], pattern: 'marble', turn: 0.3 },
  { kind: 'sphere', x: -1.15, z: 3.55, radius: 0.42, color: [0.04, 0.3, 0.24], pattern: 'marble', turn: 0.7 },
  { kind: 'sphere', x: 1.32, z: 3.3, radius: 0.36, color: [0.7, 0.3, 0.05], pattern: 'bands', turn: 0.8 },
  { kind: 'sphere', x: 0.28, z: 3.25, radius: 0.13, color: [0.5, 0.03, 0.12], pattern: 'glossy' },
];

/** The scene of a seed, far to near: two colonnades, the pieces in front, and small spheres strewn behind. */
export function placeObjects(seed: number): readonly SceneObject[] {
  const random = randomOf(seed);
  const objects: SceneObject[] = [...HEROES];
  for (let index = 0; index < 11; index++) {
    const z = 7.6 + index * 3.4 + index * index * 0.25;
    for (const side of [-1, 1]) {
      objects.push({ kind: 'column', x: side * 3.35, z, radius: 0.36, height: 4.6, color: STONE, turn: random() });
    }
  }
  const patterns = Object.keys(PATTERNS) as (keyof typeof PATTERNS)[];
  const taken: { x: number; z: number; radius: number }[] = objects.map(({ x, z, radius }) => ({ x, z, radius }));
  for (let tries = 0, placed = 0; placed < 34 && tries < 400; tries++) {
    const z = 8 + 34 * random() * random();
    const spot = { x: (random() - 0.5) * (z < 12 ? 5.4 : 12), z, radius: 0.16 + 0.42 * random() * random() };
    if (taken.some((other) => Math.hypot(other.x - spot.x, other.z - spot.z) < other.radius + spot.radius + 0.1))
      continue;
    taken.push(spot);
    placed++;
    const pattern = patterns[Math.floor(random() * patterns.length)] ?? 'glossy';
    objects.push({ ...spot, kind: 'sphere', color: colorOf(random), pattern, turn: random() });
  }
  return objects.sort((a, b) => b.z - a.z);
}

/** The objects as the kernel reads them: FIELDS floats each, in the same order. */
export function packObjects(objects: readonly SceneObject[]): Float32Array {
  const packed = new Float32Array(objects.length * FIELDS);
  objects.forEach((object, index) => {
    const { kind, x, z, radius, height = 0, color, pattern = 'glossy', turn = 0 } = object;
    packed.set([KINDS[kind], x, z, radius, height, ...color, PATTERNS[pattern], turn], index * FIELDS);
  });
  return packed;
}

function colorOf(random: () => number): [number, number, number] {
  const strong = 0.35 + 0.5 * random();
  const other = strong * random() * 0.7;
  const rest = 0.03 + 0.1 * random();
  const colors: [number, number, number][] = [
    [strong, other, rest],
    [rest, other, strong],
    [rest, strong * 0.7, other],
    [strong, strong * 0.8, other],
  ];
  return colors[Math.floor(random() * colors.length)] ?? colors[0]!;
}

/** Numbers in [0, 1) that depend on nothing but the seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
