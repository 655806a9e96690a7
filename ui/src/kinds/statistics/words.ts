import { defineMessages } from '@/i18n/messages';

export default defineMessages({
  en: {
    name: 'Statistics',
    waiting: {
      sum: 'Waiting for owners to add up their columns',
      deliver: 'Waiting for the buyer to sign what was delivered',
    },
    learns: {},
    consents: {
      correlation: {
        label: 'I agree that correlations of these columns are computed',
        help: 'Means and correlations together are as good as a regression: whoever has them can work out a linear model of all owners’ data.',
      },
    },
  },
  es: {
    name: 'Estadísticas',
    waiting: {
      sum: 'Esperando a que los propietarios sumen sus columnas',
      deliver: 'Esperando a que el comprador firme lo entregado',
    },
    learns: {},
    consents: {
      correlation: {
        label: 'Consiento que se calculen las correlaciones de estas columnas',
        help: 'Las medias y las correlaciones juntas valen tanto como una regresión: quien las tiene puede deducir un modelo lineal de los datos de todos los propietarios.',
      },
    },
  },
});
