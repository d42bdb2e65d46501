// A fountain of sparks: they are born, fly, cool down and die. Shows entities with members, random numbers and a field over points.
import { defineWorld, det } from '@stillpoint/sim';
import { fly } from './motion.ts';

export default defineWorld({
  name: 'particles',
  parameters: {
    gravity: { value: 9.81, unit: 'm/s²', minimum: 0 },
    drag: { value: 0.02, unit: '1/m', minimum: 0 },
    births: { value: 60, unit: '1/tick', minimum: 0 },
    lifetime: { value: 5, unit: 's', minimum: 0 },
  },
  entities: {
    spark: {
      capacity: 60_000,
      members: {
        position: { shape: [2], unit: 'm' },
        velocity: { shape: [2], unit: 'm/s' },
        age: { unit: 's' },
      },
    },
  },
  strata: {
    motion: {
      rewrites: ['spark.position', 'spark.velocity', 'spark.age'],
      step({ entities: { spark }, parameters, dtSeconds }) {
        const { gravity, drag } = parameters;
        fly(spark.count, spark.previous, spark.current, { gravity, drag, dtSeconds });
      },
    },
    embers: {
      step({ entities: { spark }, parameters: { lifetime }, random }) {
        const { age } = spark.current;
        for (let index = 0; index < spark.count; index += 1)
          if (age[index]! > lifetime && random.uint32() < 0x2000_0000) spark.dies(index);
      },
    },
    fountain: {
      step({ entities: { spark }, parameters: { births }, random }) {
        for (let born = 0; born < births; born += 1) {
          const angle = (random.float() - 0.5) * 0.6;
          const speed = 12 + 3 * random.normal();
          spark.born({ velocity: [speed * det.sin(angle), speed * det.cos(angle)] });
        }
      },
    },
  },
  eras: { burning: { dtSeconds: 0.01 } },
  fields: {
    sparks: {
      unit: 's',
      topology: { kind: 'points', positions: 'spark.position' },
      from: 'spark.age',
    },
  },
});
