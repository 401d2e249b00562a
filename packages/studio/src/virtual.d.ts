/** Modules that the build makes (`site/`). */
declare module 'virtual:site-models' {
  const models: readonly import('./site-models.ts').SiteModel[];
  export default models;
}
