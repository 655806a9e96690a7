import { defineMessages } from '@/i18n/messages';

/** Texts that several pages of the board share. */
export const messages = defineMessages({
  en: {
    face: 'Public board',
    overview: 'Overview',
    jobs: 'Jobs',
    datasets: 'Datasets',
    notFound: 'There is no such page',
    notFoundText: 'The address is wrong, or what was here is gone.',
    state: {
      posted: 'Posted',
      recruiting: 'Looking for owners',
      running: 'Running',
      settling: 'Being settled',
      finished: 'Finished',
      cancelled: 'Called off',
      expired: 'Expired',
      failed: 'Failed',
    },
    group: { open: 'Open', running: 'Running', ended: 'Ended' },
  },
  es: {
    face: 'Tablón público',
    overview: 'Resumen',
    jobs: 'Trabajos',
    datasets: 'Datos',
    notFound: 'No existe esta página',
    notFoundText: 'La dirección es incorrecta, o lo que había aquí ya no está.',
    state: {
      posted: 'Publicado',
      recruiting: 'Buscando propietarios',
      running: 'En marcha',
      settling: 'Liquidándose',
      finished: 'Terminado',
      cancelled: 'Anulado',
      expired: 'Caducado',
      failed: 'Fallido',
    },
    group: { open: 'Abiertos', running: 'En marcha', ended: 'Acabados' },
  },
});
