import { defineMessages } from '@/i18n/messages';

export const messages = defineMessages({
  en: {
    title: 'Jobs',
    subtitle: 'Models that you have data owners train for you.',
    search: 'Search the titles',
    filter: 'Status',
    name: 'Job',
    status: 'Status',
    progress: 'Round',
    mse: 'MSE',
    improvement: 'Improvement',
    deposit: 'Deposit',
    posted: 'Posted',
    roundOf: (round: string, rounds: string) => `${round} of ${rounds}`,
    emptyTitle: 'No jobs yet',
    emptyText:
      'Say what a model should predict, from which features, and what that is worth to you. Data owners whose data fits train it without showing their rows, and you pay for the improvement.',
    emptyAction: 'Post the first job',
    noneFound: 'No job fits',
    noneFoundText: 'Change the search or the status.',
  },
  es: {
    title: 'Trabajos',
    subtitle: 'Modelos que los propietarios de datos entrenan para usted.',
    search: 'Buscar en los títulos',
    filter: 'Estado',
    name: 'Trabajo',
    status: 'Estado',
    progress: 'Ronda',
    mse: 'ECM',
    improvement: 'Mejora',
    deposit: 'Depósito',
    posted: 'Publicado',
    roundOf: (round, rounds) => `${round} de ${rounds}`,
    emptyTitle: 'Aún no hay trabajos',
    emptyText:
      'Diga qué debe predecir un modelo, con qué características, y cuánto vale para usted. Los propietarios cuyos datos sirven lo entrenan sin enseñar sus filas, y usted paga por la mejora.',
    emptyAction: 'Publicar el primer trabajo',
    noneFound: 'Ningún trabajo coincide',
    noneFoundText: 'Cambie la búsqueda o el estado.',
  },
});
