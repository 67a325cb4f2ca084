/** Swagger UI, from the scripts before this one. */
const { SwaggerUIBundle, SwaggerUIStandalonePreset } = /** @type {any} */ (window);

SwaggerUIBundle({
  url: "/docs/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
});
