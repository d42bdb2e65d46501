// The door of export.
export {
  LENS_EXPORT_FORMATS,
  type ExportedLens,
  type LensExportFormat,
  type LensExportOptions,
} from './contract.ts';
export { exportLens } from './export-lens.ts';
