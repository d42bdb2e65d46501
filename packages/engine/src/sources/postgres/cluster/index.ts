// The managed cluster, as the rest of the engine may use it.
export type {
  Cluster,
  ClusterStatus,
  ConnectOptions,
  PrivateServer,
  PrivateStartOptions,
} from './contract.ts';
export { createCluster } from './create-cluster.ts';
export type { ClusterOptions } from './place.ts';
export { protectedSettings } from './server-config.ts';
