// The version of this installation, from its own package.json: the one place that says it.
import manifest from '../../package.json' with { type: 'json' };

export const VERSION: string = manifest.version;
