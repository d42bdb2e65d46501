// A tower of boxes and a ball that runs into it, by the physics engine Rapier, in a loop of its own: no world is defined, and yet
// the run survives a kill at any moment. Usage: node tower.ts TICKS [DIRECTORY]
import { ColliderDesc, init, RigidBodyDesc, version, World } from '@dimforge/rapier3d-compat';
import { createHash } from 'node:crypto';
import { createCheckpointer } from '@stillpoint/sim';

const LEVELS = 6;

await init();
let world = buildTower();
const untilTick = Number(process.argv[2] ?? 600);

await using checkpointer = await createCheckpointer({
  directory: process.argv[3] ?? './checkpoints',
  name: 'tower',
  // All that the next step depends on: bodies, contacts, what the solver remembers. takeSnapshot() has it, poses alone have not.
  state: () => ({ arrays: { world: world.takeSnapshot() } }),
  hash: { rapier: version(), levels: LEVELS },
  stride: 20,
  keep: 3,
});

let tick = 0;
const restored = await checkpointer.restore();
if (restored !== undefined) {
  world.free();
  world = World.restoreSnapshot(restored.arrays.world);
  tick = restored.tick;
  console.log(`goes on from tick ${tick}`);
}

while (tick < untilTick) {
  world.step();
  tick++;
  checkpointer.tick(tick, tick * world.timestep);
}
await checkpointer.checkpoint(tick, tick * world.timestep);
console.log(`tick ${tick}: ${createHash('sha256').update(world.takeSnapshot()).digest('hex')}`);

function buildTower(): World {
  const built = new World({ x: 0, y: -9.81, z: 0 });
  const box = ColliderDesc.cuboid(0.5, 0.5, 0.5);
  built.createCollider(ColliderDesc.cuboid(40, 0.5, 40).setTranslation(0, -0.5, 0));
  for (let level = 0; level < LEVELS; level++) {
    for (const x of [-1.02, 0, 1.02]) {
      const place = RigidBodyDesc.dynamic().setTranslation(x, 0.5 + level * 1.01, level % 2);
      built.createCollider(box, built.createRigidBody(place));
    }
  }
  const ball = RigidBodyDesc.dynamic().setTranslation(-8, 3, 0).setLinvel(9, 0, 0);
  built.createCollider(ColliderDesc.ball(1).setDensity(4), built.createRigidBody(ball));
  return built;
}
