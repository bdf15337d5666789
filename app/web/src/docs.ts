// The page of /api/docs: the description that this server serves, readable.
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js'
import 'swagger-ui-dist/swagger-ui.css'

SwaggerUI({
  url: '/api/openapi.yaml',
  dom_id: '#docs',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  filter: true,
  supportedSubmitMethods: ['get'], // reading here must not place an order by a slip
  validatorUrl: null, // the description is not sent elsewhere to be checked
})
